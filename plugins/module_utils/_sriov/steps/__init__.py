"""What a plan is made of: data with a sentence each."""
