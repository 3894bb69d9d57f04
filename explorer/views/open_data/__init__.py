"""The preview of data before they are opened: what they would be, and every guess to be changed."""
