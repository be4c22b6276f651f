# Runs every-kind.py (standard input) in namespaces of its own, dumps it with CRIU, and writes a tar of the images to
# standard output. Arguments: the parts of it to leave out, separated by commas.
set -eu
work=$(mktemp -d)
cat > "$work/every-kind.py"
mkdir "$work/checkpoint"
trap 'kill -9 $(cat "$work/pid" 2>/dev/null) 2>/dev/null || true; rm -rf "$work" /tmp/every' EXIT
rm -rf /tmp/every
setsid unshare --fork --pid --net --ipc --uts \
  sh -c 'hostname every-kind; ip link set lo up; exec env -i PATH="$PATH" setsid python3 "$0" "$1" < /dev/null > /dev/null 2> "$0.errors"' "$work/every-kind.py" "${1-}" &
for _ in $(seq 100); do [ -e /tmp/every/ready ] && break; sleep 0.1; done
unshare_pid=$!
pid=$(cat /proc/$unshare_pid/task/$unshare_pid/children | tr -d ' ')
echo "$pid" > "$work/pid"
cat "$work/every-kind.py.errors" >&2
criu dump -t "$pid" -D "$work/checkpoint" -o dump.log -v4 --tcp-established --file-locks --link-remap --ghost-limit 64M \
  --ext-unix-sk --external 'mnt[]' --skip-in-flight --manage-cgroups=ignore >&2 || { grep -E 'Error|Warn' "$work/checkpoint/dump.log" >&2; exit 1; }
tar -C "$work" -cf - checkpoint
