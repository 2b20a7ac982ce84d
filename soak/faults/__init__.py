"""What breaks: each kind of fault, and the script that a seed makes of them."""
