# One look at a machine.
lock_place
init_kind
look_all
