"""What faces, pages and the admin read about signing in and staying in."""
