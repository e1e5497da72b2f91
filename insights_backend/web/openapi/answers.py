"""The shapes of the answers, but for the reports."""

from marshmallow import fields, validate

from insights_backend.web.openapi.shapes import AnswerSchema, count, filters, text, texts, time


class ErrorSchema(AnswerSchema):
    """What went wrong."""

    code = text("A name that never changes.")
    message = text("What was wrong, where, and what to do.")


class ProblemSchema(AnswerSchema):
    """The one shape of every error."""

    error = fields.Nested(ErrorSchema, required=True)


class RejectionSchema(AnswerSchema):
    """An event that was refused."""

    index = count("Which event of the body it is, counted from 0.")
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        required=True,
        metadata={"description": "What is wrong, by field; by `_schema` with the whole."},
    )


class ReceiptSchema(AnswerSchema):
    """What became of the events of a body."""

    accepted = count("How many are on disk and will count.")
    duplicates = count("How many were recognised as sent before; others fall out on their way into the warehouse.")
    rejected = fields.List(fields.Nested(RejectionSchema), required=True)


class BatchReceiptSchema(AnswerSchema):
    """A batch that is stored."""

    accepted = count("How many events it holds; the same when it comes again.")


class BatchRefusalSchema(AnswerSchema):
    """A batch of which nothing was stored, since events of it are refused."""

    accepted = fields.Integer(required=True, validate=validate.Equal(0))
    rejected = fields.List(fields.Nested(RejectionSchema), required=True)


class RedactionSchema(AnswerSchema):
    """How personal data is taken out."""

    enabled = fields.Boolean(required=True)
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        data_key="fields",
        metadata={"description": "How single fields are treated, beside the defaults."},
    )


class ErasedSchema(AnswerSchema):
    """What was taken out; nothing the second time."""

    erased = count("Events of the person, in the outbox and in the warehouse.")
    mentions = count("Events of others that named the person, as by a look at their page, and say `[erased]` now.")
    pseudonym = text("What the person is called where events are stored, such as by a collector they were uploaded to.")


class ConfigSchema(AnswerSchema):
    """What is captured and how; never a secret."""

    version = text("The version of this service.")
    environment = text("The label that every event gets.")
    captureEntityFields = texts("What is captured of an event's entity, by dot path.")  # noqa: N815 - its name in JSON
    captureIdentityFields = texts("What is captured of an event's user.")  # noqa: N815 - its name in JSON
    captureIdentityGroupsFilter = filters(  # noqa: N815 - its name in JSON
        "Which groups of a user are captured; null for all."
    )
    totalUsersEntityQueryFilter = filters("Which users are counted; null for all.")  # noqa: N815 - its name in JSON
    identities = text("How users are stored.", "pseudonymous", "clear")
    redaction = fields.Nested(RedactionSchema, required=True)
    debug = fields.Boolean(required=True, metadata={"description": "Whether events are only logged."})


class TotalUsersSchema(AnswerSchema):
    """How many people could use the portal."""

    totalUsers = count("Users in the catalog.")  # noqa: N815 - its name in JSON
    asOf = time("When the catalog said so.")  # noqa: N815 - its name in JSON
    stale = fields.Boolean(required=True, metadata={"description": "Whether the catalog has been down since."})


class HealthSchema(AnswerSchema):
    """The process lives."""

    status = text("Always `ok`.", "ok")


class ReadinessSchema(AnswerSchema):
    """Whether events are accepted."""

    status = text("Whether events are accepted.", "ready", "unready")
    degraded = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "By part of the service, how it is less than whole."},
    )
