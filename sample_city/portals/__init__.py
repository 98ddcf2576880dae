"""How the made-up portals look: one module a family, each a pure function of (portal, request, moment)."""
