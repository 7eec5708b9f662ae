"""What `verify` is made of: a listing, a walk along the log, a look at what it names, and rules over what that says."""
