"""好差评: what people say of how they were served, kept from those who served them; bad words come back as tasks."""
