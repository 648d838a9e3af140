"""What touches AWS: the only package of the generator that imports boto3.

- :mod:`generator.aws.clients`   one client a service, region and account, with bounded calls
- :mod:`generator.aws.errors`    what AWS refused, as an error for people
- :mod:`generator.aws.observe`   what is there, for the planner
- :mod:`generator.aws.perform`   one action of a plan, carried out and followed to its end
- :mod:`generator.aws.deploy`    a plan carried out, wave by wave
- :mod:`generator.aws.destroy`   an environment taken down
- :mod:`generator.aws.status`    what each region says of itself, now
"""
