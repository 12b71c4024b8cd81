"""What all tests share."""

import hypothesis

# Examples are found anew in each run; a slow machine is no failure.
hypothesis.settings.register_profile("countersign", deadline=None)
hypothesis.settings.load_profile("countersign")
