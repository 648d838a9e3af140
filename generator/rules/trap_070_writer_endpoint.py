"""Trap 70: the writer endpoint of a global database's member is read from its cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.rules._finding import Finding, TrapRule
from generator.rules._reading import Reading
from generator.rules._values import holes, walk


class WriterEndpoint(TrapRule):
    """Finds where the writer endpoint of a global database's member is read from its cluster."""

    id = "E9070"
    shortdesc = "The writer endpoint of a global database's member is read from its cluster"
    description = (
        "A standby cluster may have no writer endpoint until it is promoted, so GetAtt "
        "Endpoint.Address fails or is empty there at birth. Derive the name from the reader endpoint."
    )
    source_url = "https://github.com/hashicorp/terraform-provider-aws/issues/14219"
    tags = ("trap 70", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return every use of ``Endpoint.Address`` of a member."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            if not any("GlobalClusterIdentifier" in properties for properties in resource.variants):
                continue
            asked = f"{resource.name}.Endpoint.Address"
            for path, node in walk(template.template):
                if isinstance(node, Mapping) and len(node) == 1 and asked in holes(node):
                    message = "a standby has none; derive it from ReadEndpoint.Address (.cluster-ro- to .cluster-)"
                    yield Finding(path, message)
