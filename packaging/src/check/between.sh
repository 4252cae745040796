# An environment with torch and without Jackpot is active.
. env/bin/activate
rm -r runs quickstart.toml jackpot-*.whl
