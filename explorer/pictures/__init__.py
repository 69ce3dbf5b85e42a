"""Pictures and files to look at: colours, feature maps, exports and plots."""
