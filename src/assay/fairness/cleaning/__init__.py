"""What training without the suspect rows would change."""
