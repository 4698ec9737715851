"""Call records as telephone systems write them by themselves, one module for each system."""
