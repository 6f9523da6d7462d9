# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenarios of truth.py, a family in each module. A function is a scenario; what it provokes
stands above it."""
