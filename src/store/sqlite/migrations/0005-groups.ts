/** What is known of groups, and who is in them now. */
export const groups = `
-- policy, leavers: JSON.
CREATE TABLE conversation_groups (
  conversation BLOB PRIMARY KEY REFERENCES conversations (conversation), suite INTEGER NOT NULL, creator TEXT NOT NULL,
  policy TEXT, leavers TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;

-- A member's row stays when it leaves, as long as its devices may read what was theirs. left_sequence: where that ends.
ALTER TABLE members ADD COLUMN left_sequence INTEGER;

CREATE TABLE group_members (
  user TEXT NOT NULL, conversation BLOB NOT NULL REFERENCES conversations (conversation),
  PRIMARY KEY (user, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_conversation ON group_members (conversation);
`;
