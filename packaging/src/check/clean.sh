# Nothing of Rust, no compiler, no torch, no CUDA.
for program in rustc cargo cc c++ gcc g++ clang ld make nvidia-smi; do
  if command -v "$program"; then exit 1; fi
done
if python3 -c 'import torch' 2>/dev/null; then exit 1; fi
# The tarball alone says what it lacks, and help needs nothing.
tar xf jackpot-*.tar.gz
jackpot-*/bin/jackpot --version
jackpot-*/bin/jackpot run --help >/dev/null
jackpot-*/bin/jackpot completions bash >/dev/null
if jackpot-*/bin/jackpot plugin list 2>said; then exit 1; fi
cat said
grep -q 'found none' said
grep -q "pip install 'torch==2.11" said
rm -r jackpot-*-linux said
