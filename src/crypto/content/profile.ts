import { MalformedBytes } from "../../protocol/byte-reader.ts";
import { tags, textField, textIn, type ContentCodec } from "./fields.ts";

/** What a group is called; said by who may, and again to whoever is added. `name`: 1 to `groupNameBytes` bytes of UTF-8. */
export interface ProfileContent {
  readonly kind: "profile";
  readonly name: string;
  readonly sentAt: number;
}

export const groupNameBytes = 256;

export const profileCodec: ContentCodec<ProfileContent> = {
  code: 128,
  required: [tags.text],
  optional: [],
  encode: ({ name }) => [textField(name)],
  decode(fields, sentAt) {
    const { length } = fields.get(tags.text)!;
    if (length === 0 || length > groupNameBytes) throw new MalformedBytes("not a name");
    return { kind: "profile", name: textIn(fields), sentAt };
  },
};
