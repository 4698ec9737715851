"""Training of the small speech recogniser: texts, synthetic telephone speech, the model, its export."""
