# The user manager of systemd, in namespaces of its own, with the units of a folder: manager.sh CGROUP FOLDER. Each line that
# it reads is a command, which is answered by one line: `answer NUMBER STATUS`, and the output with commas for line ends.
# The manager must have a cgroup that it may divide, which the caller removes.
echo $$ >"$1/cgroup.procs"
exec unshare --mount --pid --cgroup --fork --kill-child --mount-proc sh -u -c '
    set -e
    mount --make-rprivate /
    mount -t tmpfs tmpfs /run
    umount --lazy /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    export XDG_RUNTIME_DIR=/run/user/0
    units=$XDG_RUNTIME_DIR/systemd/user
    # By this folder it knows that systemd runs the machine.
    mkdir -p /run/systemd/system "$units"
    unset DBUS_SESSION_BUS_ADDRESS
    cp "$1"/* "$units"
    /lib/systemd/systemd --user --unit=basic.target >/dev/null 2>&1 &
    until systemctl --user is-system-running 2>/dev/null | grep -qE "running|degraded"; do
        kill -0 $!
        sleep 0.05
    done
    set +e
    echo managing
    number=0
    while read -r line; do
        number=$((number + 1))
        output=$(eval "$line" 2>&1)
        status=$?
        echo "answer $number $status $(printf %s "$output" | tr "\n" ,)"
    done
    exit 0
' manager "$2"
