"""How gunicorn serves the portal: `gunicorn --config reseller_portal/gunicorn.py`. Options on the command line win."""

import os
from pathlib import Path

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  a RAM disk, where there is one

wsgi_app = "reseller_portal.wsgi"
bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# Each thread keeps a connection to the database: a web server takes processes times threads of them.
threads = int(os.environ.get("WEB_THREADS", "8"))

# Longer than proxies keep an idle connection (60 s as a rule): else a form sent at the wrong moment meets a closed one.
keepalive = 75
# A list of 200 clones asks what changed by their numbers and versions, beside a search of 200 letters of any script.
limit_request_line = 8190
graceful_timeout = 20  # seconds that a download under way gets after SIGTERM
# Processes show that they live by touching a file; on a slow disk that could hang and get them killed.
worker_tmp_dir = str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None
control_socket_disable = True  # nobody speaks to it, and it would be written into the home directory
accesslog = None  # the proxy writes one; addresses hold the tokens of password resets, what people search for too
