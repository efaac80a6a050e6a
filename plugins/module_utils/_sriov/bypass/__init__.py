"""Which ways past the kernel a host allows. Pure."""
