# A server that ends is started again, and calls wait for it; one that keeps failing is left. SHL0002 runs this.
fragile ask fragile || exit 10
fragile end fragile | grep 'other side' || exit 11
fragile ask fragile || exit 12
fragile end fragile | grep 'other side' || exit 13
fragile ask fragile || exit 14
fragile ask broken | grep 'other side' || exit 15
fragile ask fragile || exit 16
fragile ask blind | grep 'other side' || exit 17
fragile ask deaf | grep 'other side' || exit 18
exit 0
