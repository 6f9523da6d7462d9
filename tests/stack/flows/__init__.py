# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of flows.py: each returns the ids that diag must find; by end where the ends differ."""
