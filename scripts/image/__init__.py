"""What scripts/image_test is made of: the image run as a strict host does, clients, and what may happen to both."""
