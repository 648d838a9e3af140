"""AWS's commercial regions: their zones, whether an account must opt in, and who can hold data.

Names and the opt-in flag: AWS Account Management Reference Guide, "Specify which AWS Regions your account
can use" (regions launched after 20 March 2019 are disabled until an account enables them). Zones: the
letters that cfn-lint 1.58 lists (a test compares the two); an account's own letters may be fewer, and
then the zones are written out. Global database: Aurora User Guide, "Supported Regions and DB engines for
Aurora global databases"; Taipei, New Zealand and Thailand are listed there as not available, and Mexico
is not confirmed, so it may not hold data either. A witness needs Lambda, EventBridge Scheduler, DynamoDB
and CloudWatch, which every region below has (a test asks cfn-lint's list of resource types).

The China and GovCloud partitions are left out: no peering, role or replication crosses a partition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from generator.resources import folder


@dataclass(frozen=True)
class AwsRegion:
    """One region. ``letters`` are its zones' last letters; ``opt_in`` ones are off in a new account."""

    name: str
    place: str
    letters: str = "abc"
    opt_in: bool = False
    global_database: bool = True

    @property
    def zones(self) -> tuple[str, ...]:
        """Return the names of the availability zones."""
        return tuple(self.name + letter for letter in self.letters)


_ALL = (
    AwsRegion("af-south-1", "Cape Town", opt_in=True),
    AwsRegion("ap-east-1", "Hong Kong", opt_in=True),
    AwsRegion("ap-east-2", "Taipei", opt_in=True, global_database=False),
    AwsRegion("ap-northeast-1", "Tokyo", "abcd"),
    AwsRegion("ap-northeast-2", "Seoul", "abcd"),
    AwsRegion("ap-northeast-3", "Osaka"),
    AwsRegion("ap-south-1", "Mumbai"),
    AwsRegion("ap-south-2", "Hyderabad", opt_in=True),
    AwsRegion("ap-southeast-1", "Singapore"),
    AwsRegion("ap-southeast-2", "Sydney"),
    AwsRegion("ap-southeast-3", "Jakarta", opt_in=True),
    AwsRegion("ap-southeast-4", "Melbourne", opt_in=True),
    AwsRegion("ap-southeast-5", "Malaysia", opt_in=True),
    AwsRegion("ap-southeast-6", "New Zealand", opt_in=True, global_database=False),
    AwsRegion("ap-southeast-7", "Thailand", opt_in=True, global_database=False),
    AwsRegion("ca-central-1", "Canada", "abcd"),
    AwsRegion("ca-west-1", "Calgary", opt_in=True),
    AwsRegion("eu-central-1", "Frankfurt"),
    AwsRegion("eu-central-2", "Zurich", opt_in=True),
    AwsRegion("eu-north-1", "Stockholm"),
    AwsRegion("eu-south-1", "Milan", opt_in=True),
    AwsRegion("eu-south-2", "Spain", opt_in=True),
    AwsRegion("eu-west-1", "Ireland"),
    AwsRegion("eu-west-2", "London"),
    AwsRegion("eu-west-3", "Paris"),
    AwsRegion("il-central-1", "Tel Aviv", opt_in=True),
    AwsRegion("me-central-1", "United Arab Emirates", opt_in=True),
    AwsRegion("me-south-1", "Bahrain", opt_in=True),
    AwsRegion("mx-central-1", "Mexico", opt_in=True, global_database=False),
    AwsRegion("sa-east-1", "São Paulo"),
    AwsRegion("us-east-1", "North Virginia", "abcdef"),
    AwsRegion("us-east-2", "Ohio"),
    AwsRegion("us-west-1", "North California", "ac"),
    AwsRegion("us-west-2", "Oregon", "abcd"),
)

REGIONS: dict[str, AwsRegion] = {region.name: region for region in _ALL}


@cache
def certified() -> frozenset[str]:
    """Return the regions whose authorities the functions' certificate bundle holds.

    In any other the writer proof refuses the database's certificate, rightly, and for ever.
    """
    bundle = folder("lambda") / "certificates" / "rds-global-bundle.pem"
    named = re.findall(r"^# Amazon RDS (\S+) Root CA", bundle.read_text(encoding="ascii"), re.MULTILINE)
    return frozenset(named)
