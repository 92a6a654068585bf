# Runs before the first prompt, unless the kernel has the word shell=1.
demo
