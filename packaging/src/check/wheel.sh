# The README's lines have installed it and run the example.
test -s runs/quickstart/report.html
jackpot report runs/quickstart
jackpot verify runs/quickstart
jackpot plugin list | head -n 12
jackpot plugin info swish
jackpot plugin new my-tweak --kind activation
# Help is instant, and python's start is not in it.
time jackpot --help >/dev/null
time jackpot run --help >/dev/null
time jackpot --version
time jackpot completions bash >/dev/null
# Whoever chose another torch is told.
mkdir other && echo "__version__ = '2.10.0'" >other/version.py
if JACKPOT_LIBTORCH=$HOME/other jackpot plugin list; then exit 1; fi
rm -r other my-tweak
pip uninstall -y jackpot
hash -r
if command -v jackpot; then exit 1; fi
