"""What all four lives share: the timeline, holds, numbers, written decisions."""
