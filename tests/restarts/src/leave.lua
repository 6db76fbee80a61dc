-- Does for HAProxy what Envoy does by itself: the instance that sends the header has failed its health check, until a later
-- check succeeds.
core.register_action("leave", { "http-res" }, function(txn)
    core.backends["service"].servers[txn.f:srv_name()]:check_force_down()
end)
