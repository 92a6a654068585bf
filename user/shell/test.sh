# What a shell and the programs do, checked by the exit status: the test SHL0001 runs this.
# A check that fails ends the shell with a number of its own.
true || exit 10
false && exit 11
false; echo $? | grep 1 || exit 12
X='two words'
echo "$X" | grep 'two words' || exit 13
echo a  b | grep 'a b' || exit 14
echo 'a  b' '' c\ d | grep 'a  b  c d' || exit 15

# files
echo one > t && echo two >> t || exit 20
wc < t | grep "2       2       8" || exit 21
cat t | head -n 1 | grep one || exit 22
grep -v one t | grep two || exit 23
mkdir d && cp t d/u && cat d/u | grep two || exit 24
ls d | grep u || exit 25
rm d && exit 26
rm d/u d || exit 27
cat d/u && exit 28
echo x > /boot/y && exit 29
cat < nowhere && exit 30
hexdump /boot/quiet.conf | grep 'The servers' || exit 31

# a pipe that is longer than its memory, and one whose reader ends early
echo 0123456789abcde > a && cat a a a a a a a a > b && cat b b b b b b b b > a || exit 40
cat a a a a a a a a > b && cat b b b b b b b b > a && cat a a > b || exit 40
cat b | cat | cat | cat | wc | grep ' 131072' || exit 41
cat b | head -n 1 | wc | grep '1       1      16' || exit 42
rm a b || exit 43

# memory that the pager supplies
echo 0123456789abcdef > m && cat m m m m m m m m > n && cat n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n n > m || exit 45
map m | wc | grep '    5440' || exit 46
map m 4096 'was here' && cat m | grep 'was here' | wc | grep ' 1 ' || exit 46
map m 9999 x && exit 47
map nowhere && exit 47
map /boot/shell 0 x && exit 47
map -z 4000 | grep '1000 pages, 0 wrong' || exit 48
map -z 12000 && exit 48
map -z 4000 | grep '1000 pages, 0 wrong' || exit 49
rm m n || exit 49

# programs that end badly, and one that is not there
crash 0 && exit 50
crash 11 && exit 51
nosuchprogram && exit 52
echo ok | crash 13 | cat && true || exit 53

# jobs
sleep 60 &
jobs
kill 1 || exit 60
kill 99 && exit 61
time sleep 0.01 || exit 62
kstat | grep -v nothing || exit 63
hello a b | grep 'argument 2 is b' || exit 64
exit 0
