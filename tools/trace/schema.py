"""The classes of the messages in perfetto.proto, made by python3-protobuf without protoc."""

import os
import re

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "perfetto.proto")
PACKAGE = re.compile(r"package\s+([\w.]+);")
FIELD = re.compile(r"(optional|repeated)\s+([\w.]+)\s+(\w+)\s*=\s*(\d+);")
VALUE = re.compile(r"(\w+)\s*=\s*(\d+);")
BLOCK = re.compile(r"(message|enum)\s+(\w+)\s*\{")
FieldProto = descriptor_pb2.FieldDescriptorProto


class SchemaError(Exception):
    """The file has a line that this reader does not know."""


def parse(text):
    """Returns the FileDescriptorProto of a .proto file as simple as perfetto.proto."""
    file = descriptor_pb2.FileDescriptorProto(name="perfetto.proto", syntax="proto2")
    blocks, enums = [file], set()
    for line in re.sub(r"//[^\n]*", "", text).splitlines():
        line = line.strip()
        if not line or line.startswith("syntax"):
            continue
        if match := PACKAGE.fullmatch(line):
            file.package = match[1]
        elif match := BLOCK.fullmatch(line):
            outer = blocks[-1]
            if match[1] == "enum":
                blocks.append(outer.enum_type.add(name=match[2]))
                enums.add(match[2])
            else:
                blocks.append(file.message_type.add(name=match[2]))
        elif line == "}":
            blocks.pop()
        elif match := FIELD.fullmatch(line):
            field_add(blocks[-1], *match.groups())
        elif match := VALUE.fullmatch(line):
            blocks[-1].value.add(name=match[1], number=int(match[2]))
        else:
            raise SchemaError(f"perfetto.proto: {line}")
    types_name(file, enums)
    return file


def field_add(message, label, kind, name, number):
    """Adds a field to a message. The type of a field that is no scalar is told by types_name()."""
    field = message.field.add(name=name, number=int(number),
                              label=getattr(FieldProto, "LABEL_" + label.upper()))
    scalar = getattr(FieldProto, "TYPE_" + kind.upper(), None)
    if scalar is not None:
        field.type = scalar
    else:
        field.type_name = kind


def types_name(file, enums):
    """Sets the full names of the types of fields that are messages or enums."""
    for message in file.message_type:
        for field in message.field:
            if field.type_name in enums:
                field.type, field.type_name = FieldProto.TYPE_ENUM, \
                    f".{file.package}.{message.name}.{field.type_name}"
            elif field.type_name:
                field.type, field.type_name = FieldProto.TYPE_MESSAGE, \
                    f".{file.package}.{field.type_name}"


def trace_class():
    """Returns the class of the message Trace."""
    with open(PATH, encoding="utf-8") as file:
        described = parse(file.read())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(described)
    found = pool.FindMessageTypeByName(described.package + ".Trace")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(found)
    return message_factory.MessageFactory(pool).GetPrototype(found)


Trace = trace_class()
# The numbers of TrackEvent.Type.
BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4
