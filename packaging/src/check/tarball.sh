test -s runs/quickstart/report.html
# The folder may be anywhere, and be reached by a link.
mkdir 'another place'
mv jackpot-*-linux 'another place/here'
mkdir bin
ln -s '../another place/here/bin/jackpot' bin/jackpot
bin/jackpot status runs/quickstart
# Without the environment: by a link beside it, and by the variable.
torch=$(echo "$HOME"/env/lib/python3.*/site-packages/torch)
deactivate
if bin/jackpot status runs/quickstart; then exit 1; fi
JACKPOT_LIBTORCH=$torch bin/jackpot status runs/quickstart
ln -s "$torch" 'another place/here/lib/torch'
bin/jackpot verify runs/quickstart
