# The user manager of systemd, in namespaces of its own, with a socket at ADDRESS and the service PROGRAM behind it:
# manager.sh CGROUP PROGRAM ADDRESS. Each line that it reads restarts the service, and is answered by `restarted`.
# The manager must have a cgroup that it may divide, which the caller removes.
echo $$ >"$1/cgroup.procs"
exec unshare --mount --pid --cgroup --fork --kill-child --mount-proc sh -eu -c '
    mount --make-rprivate /
    mount -t tmpfs tmpfs /run
    umount --lazy /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    export XDG_RUNTIME_DIR=/run/user/0
    units=$XDG_RUNTIME_DIR/systemd/user
    # By this folder it knows that systemd runs the machine.
    mkdir -p /run/systemd/system "$units"
    unset DBUS_SESSION_BUS_ADDRESS
    printf "[Socket]\nListenStream=%s\n" "$2" >"$units/restarted.socket"
    # So many restarts are no fault here.
    printf "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=simple\nExecStart=\"%s\" \"listen %s\"\n" "$1" "$2" >"$units/restarted.service"
    /lib/systemd/systemd --user --unit=basic.target >/dev/null 2>&1 &
    until systemctl --user is-system-running 2>/dev/null | grep -qE "running|degraded"; do
        kill -0 $!
        sleep 0.05
    done
    systemctl --user start restarted.socket
    echo listening
    while read -r line; do
        systemctl --user restart restarted.service
        echo "restarted $line"
    done
' manager "$2" "$3"
