# SPDX-License-Identifier: GPL-2.0-or-later
"""Real TLS handshakes: every implementation of the bed against others, sound and broken."""
