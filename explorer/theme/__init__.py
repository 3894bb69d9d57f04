"""The look: colours, fonts, icons, style sheet."""
