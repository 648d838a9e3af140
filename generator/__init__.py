"""The generator: an environment file in, a CloudFormation template library out.

- :mod:`generator.config`     the environment file, checked
- :mod:`generator.catalog`    every stack: its name, where it goes, what it needs
- :mod:`generator.stacks`     one module a template
- :mod:`generator.policies`   one function an intent
- :mod:`generator.inputs`     every parameter; :mod:`generator.links` where its value comes from
- :mod:`generator.naming`     every physical name; :mod:`generator.addresses` every subnet
- :mod:`generator.values`     the value of every parameter; :mod:`generator.sources` whose outputs it takes
- :mod:`generator.holding`    which resources hold data
- :mod:`generator.plan`       what a deployment would do; :mod:`generator.aws` does it
- :mod:`generator.shape`      the few choices that are made when a template is built
- :mod:`generator.build`      the library as files; :mod:`generator.document` a template as YAML
- :mod:`generator.packages`   the functions as zips
- :mod:`generator.lint`       cfn-lint and :mod:`generator.rules` of our own, on all processors
- :mod:`generator.routing`    Route 53's documented rules, to ask the records what they answer
- :mod:`generator.graph`      stacks, regions and links as a picture
- :mod:`generator.resources`  where the files are that are not Python
- :mod:`generator.cli`        the commands; the only package that prints or catches our errors

Only :mod:`generator.aws` imports boto3, and only :mod:`generator.lint.worker` and the rules cfn-lint.
"""

from __future__ import annotations

__version__ = "0.1.0"
