/** What is known of groups, and who is in them now. The column comes last: it is the one step that is not made twice. */
export const groups = [
  // policy, leavers: JSON.
  `CREATE TABLE conversation_groups (
    conversation BINARY(16) NOT NULL PRIMARY KEY, suite SMALLINT NOT NULL, creator VARCHAR(128) NOT NULL,
    policy TEXT, leavers TEXT NOT NULL
  )`,
  `CREATE TABLE group_members (
    user VARCHAR(128) NOT NULL, conversation BINARY(16) NOT NULL,
    PRIMARY KEY (user, conversation), KEY group_members_by_conversation (conversation)
  )`,
  // A member's row stays when it leaves, as long as its devices may read what was theirs. left_sequence: where that ends.
  `ALTER TABLE members ADD COLUMN left_sequence BIGINT`,
];
