"""IUA, RFC 4233 with RFC 5133: Q.931 at an application server, its Q.921 at a signalling gateway, as pure machines."""
