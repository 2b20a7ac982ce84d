"""Mail, SMS and chat that are only kept."""
