"""The auditor's ready questions: asked of the books every night, each thing found a case with an owner and an answer."""
