"""Starts PrusaLink as its own command does, but nothing is announced on the network (its mDNS
would listen on and send to every interface), and the serial line counts as the printer's own
pins, which spares the eight seconds that a printer behind USB takes to boot."""

import sys

from prusa.link.__main__ import main
from prusa.link.serial.serial_adapter import SerialAdapter
from prusa.link.service_discovery import ServiceDiscovery

ServiceDiscovery.__init__ = lambda self, port: None
ServiceDiscovery.unregister = lambda self: None
SerialAdapter.is_rpi_port = staticmethod(lambda path: True)

sys.exit(main())
