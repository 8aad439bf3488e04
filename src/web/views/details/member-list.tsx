import type { ConversationFacts, GroupRole } from "../../bridge/contract.ts";
import { strings } from "../../strings.ts";
import { bridge } from "../../state/bridge.ts";
import { dialog } from "../../state/dialogs.ts";
import { me } from "../../state/session.ts";
import { Avatar } from "../parts/avatar.tsx";
import { FormError } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { useTask } from "../parts/use-task.ts";

const words = strings.details;

export function MemberList({ conversation, isAdmin }: { conversation: ConversationFacts; isAdmin: boolean }) {
  const { id, users, invited, role } = conversation;
  return (
    <section>
      <h3 class="section-title">{strings.chat.members(users.length)}</h3>
      <ul class="people">
        {users.map((member) => (
          <Member key={member.user} conversation={id} member={member} isAdmin={isAdmin} isOwner={role === "owner"} />
        ))}
        {invited.map((user) => (
          <li key={user}>
            <Avatar name={user} isSmall />
            <span class="person-name">{user}</span>
            <span class="soft" title={words.invited}>
              <Icon name="clock" size={16} />
              <span class="visually-hidden">{words.invited}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface MemberProps {
  conversation: string;
  member: { user: string; role: GroupRole };
  /** This user may add and remove. */
  isAdmin: boolean;
  /** This user may give roles. */
  isOwner: boolean;
}

function Member({ conversation, member: { user, role }, isAdmin, isOwner }: MemberProps) {
  const { isBusy, error, start } = useTask();
  const isSelf = user === me.value.user;
  const nextRole = role === "admin" ? "member" : "admin";
  return (
    <li>
      <Avatar name={user} isSmall />
      <span class="person-name">{isSelf ? `${user} (${strings.message.you})` : user}</span>
      {role !== "member" && <span class="role">{words.roles[role]}</span>}
      {!isSelf && (
        <button
          type="button"
          class="icon-button"
          aria-label={`${words.verify} ${user}`}
          title={words.verify}
          onClick={() => (dialog.value = { name: "verification", user })}
        >
          <Icon name="shield" size={18} />
        </button>
      )}
      {isOwner && !isSelf && role !== "owner" && (
        <button
          type="button"
          class="button small"
          aria-disabled={isBusy}
          aria-label={nextRole === "admin" ? words.makeAdmin(user) : words.makeMember(user)}
          onClick={() => start(() => bridge.call("setRole", { conversation, user, role: nextRole }))}
        >
          {nextRole === "admin" ? "+" : "−"} {words.roles.admin}
        </button>
      )}
      {isAdmin && !isSelf && (isOwner || role === "member") && (
        <button
          type="button"
          class="icon-button"
          aria-label={words.remove(user)}
          title={words.remove(user)}
          aria-disabled={isBusy}
          onClick={() => start(() => bridge.call("removeMember", { conversation, user }))}
        >
          <Icon name="close" size={18} />
        </button>
      )}
      <FormError text={error} />
    </li>
  );
}
