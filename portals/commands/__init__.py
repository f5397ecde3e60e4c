"""The commands of ``dongchu``, one module for each thing an operator looks after."""
