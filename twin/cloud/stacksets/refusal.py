"""What the API refuses: the codes and statuses are those of CloudFormation's service model in botocore."""

from __future__ import annotations

STATUSES = {
    "StackSetNotFoundException": 404,
    "StackInstanceNotFoundException": 404,
    "OperationNotFoundException": 404,
    "StackNotFoundException": 404,
    "NameAlreadyExistsException": 409,
    "CreatedButModifiedException": 409,
    "OperationInProgressException": 409,
    "OperationIdAlreadyExistsException": 409,
    "StackSetNotEmptyException": 409,
    "StaleRequestException": 409,
    "InvalidOperationException": 400,
    "LimitExceededException": 400,
    "InsufficientCapabilitiesException": 400,
    "ValidationError": 400,
}


class RefusalError(Exception):
    """A request that is refused with a code of the API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = STATUSES[code]


def invalid(message: str) -> RefusalError:
    """Return the refusal of a request that is wrong in itself."""
    return RefusalError("ValidationError", message)


def no_stackset(name: str) -> RefusalError:
    """Return the refusal for a StackSet that is not there."""
    return RefusalError("StackSetNotFoundException", f"StackSet {name} not found")


def busy(arn: str) -> RefusalError:
    """Return the refusal of an operation while another one runs."""
    return RefusalError("OperationInProgressException", f"Another Operation on StackSet {arn} is in progress")
