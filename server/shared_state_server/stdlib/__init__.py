"""The side door: clients of the standard library, on the same port as our own.

::

    connection.py   one client: handshake, requests in lock step, replies
    office.py       what a client may ask of the server itself: create, incref, decref, …
    entries.py      the objects that such clients reach, by identities that never repeat
    classes.py      which classes a pickle may name, and what a proxy in it becomes here
    messages.py     pickle and xmlrpclib
    values.py       what such clients store in the service's objects
    worker.py       threads that run the code of users, one for each connection that calls it
    local.py        proxies that have come home: their calls go to the object directly
    foreign.py      proxies of other managers, which clients store here
    lane.py         such a client's lane: replies are the standard library's
    adapters/       our behaviours with the method names of `threading` and `queue`
    server.py       `shared_state.managers.Server`

Objects of three kinds are served. Our behaviours, through adapters, run in the event loop, and
whoever waits on them waits as data. Plain dicts, lists, arrays, values and namespaces run in the
loop too, as long as everything in them is of classes whose code we know. Whatever else a user has
registered runs on a worker thread that belongs to the connection while it lasts, because the code
may block, and because `threading.RLock` knows its owner by its thread.
"""
