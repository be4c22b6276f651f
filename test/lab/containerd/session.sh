# A session of the lab as a node: containerd with directories of its own, an image, and nothing that outlives it.
# Arguments: the source of the image's program; 2 for cgroups of version 2. The end of standard input ends the session.
# Standard output: "ready PID", a process that sees what the session mounted.
set -eu
scratch=$(mktemp -d /var/tmp/coldcase-containerd-XXXXXX)
mkdir -p "$scratch"/state "$scratch"/kubelet/checkpoints "$scratch"/etc "$scratch"/tmp "$scratch"/logs "$scratch"/image/bin
chmod 1777 "$scratch/tmp"
chmod 0700 "$scratch/kubelet/checkpoints"
mkdir -p /var/lib/containerd /var/lib/kubelet /etc/containerd /run/containerd
mount --bind "$scratch/state" /var/lib/containerd
mount --bind "$scratch/kubelet" /var/lib/kubelet
mount --bind "$scratch/etc" /etc/containerd
mount --bind "$scratch/tmp" /tmp

runtime=runc
if [ "$2" = 2 ]; then
  # a machine that has its controllers in version 1 has none left for version 2, but it can freeze with it: runc is not
  # asked for shares of what is not there
  mount -t cgroup2 none /sys/fs/cgroup
  runtime=$scratch/runc
  cat >"$runtime" <<'PYTHON'
#!/usr/bin/python3
import json, os, sys
if 'create' in sys.argv:
    path = sys.argv[sys.argv.index('--bundle') + 1] + '/config.json'
    with open(path) as file: spec = json.load(file)
    spec['linux'].pop('resources', None)
    with open(path, 'w') as file: json.dump(spec, file)
os.execvp('runc', ['runc', *sys.argv[1:]])
PYTHON
  chmod +x "$runtime"
fi

finish() {
  for id in $(ctr -n k8s.io tasks ls -q 2>/dev/null); do
    ctr -n k8s.io tasks resume "$id" 2>/dev/null || true
    ctr -n k8s.io tasks rm -f "$id" >/dev/null 2>&1 || true
  done
  kill -9 "$(cat "$scratch/containerd.pid")" 2>/dev/null || true
  for mount in $(awk '$5 ~ "^/run/containerd|^/var/lib/containerd/" { print $5 }' /proc/self/mountinfo | sort -r); do
    umount -l "$mount" 2>/dev/null || true
  done
  umount -l /var/lib/containerd /var/lib/kubelet /etc/containerd /tmp
  rm -rf --one-file-system "$scratch"
}
trap finish EXIT

# without CAP_SYS_RESOURCE nobody may lower oom_score_adj, which a sandbox asks for
cat >/etc/containerd/config.toml <<TOML
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "localhost/hog:lab"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = "$runtime"
TOML
cat >"$scratch/start" <<'SH'
setsid containerd >>"$1/containerd.log" 2>&1 </dev/null &
echo $! >"$1/containerd.pid"
for i in $(seq 300); do ctr version >/dev/null 2>&1 && exit 0; sleep 0.1; done
tail -5 "$1/containerd.log" >&2
exit 1
SH
sh "$scratch/start" "$scratch"
ln -s "$scratch" /run/coldcase-session

# an image of one static program, as `docker save` writes it
cd "$scratch"
printf %s "$1" >hog.c
gcc -O1 -static -s -o image/bin/hog hog.c
tar -C image -cf layer.tar .
diff=$(sha256sum layer.tar | cut -d' ' -f1)
printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["/bin/hog"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
  "$(dpkg --print-architecture)" "$diff" >config.json
printf '[{"Config":"config.json","RepoTags":["localhost/hog:lab"],"Layers":["layer.tar"]}]' >manifest.json
tar -cf image.tar manifest.json config.json layer.tar
ctr -n k8s.io images import image.tar >/dev/null
cd /
echo "ready $$"
read -r _ || true
