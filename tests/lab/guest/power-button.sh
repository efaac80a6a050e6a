#!/bin/sh
exec systemctl poweroff
