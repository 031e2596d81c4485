# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   jq -nr --stream --rawfile page docs/json.md -f tests/lib/document.jq FILE
#
# Holds what --json wrote against the tables of docs/json.md, and prints a line for all that is not as the page says:
# members that are missing, unknown or there twice, types, values, exit statuses. Prints nothing: it is as described.

# --- the page as data ------------------------------------------------------------------------------

def quoted: [scan("`([^`]+)`") | .[0]];
def cells: ltrimstr("|") | rtrimstr("|") | split("|") | map(gsub("^ +| +$"; ""));

# { path, header, cells } for each row; path is the name in the heading that it stands below, "" if there is none
def table_rows:
	foreach split("\n")[] as $line ({};
		if $line | test("^##+ ") then { path: ($line | quoted[0] // "") }
		elif $line | startswith("|") | not then { path }
		elif .header then .cells = ($line | cells)
		else .header = ($line | cells) end;
		select(.cells and (.cells[0] | startswith("---") | not)));

# members: { path, name, type }; of_actions: { name, type, actions }; words: { word: exit status }
def schema:
	[table_rows] | {
		members: [.[] | select(.header == ["member", "type", "meaning"])
			| { path, type: .cells[1], name: (.cells[0] | quoted[] | split(".")) }
			# `a.b`: an object a that has a member b
			| if .name[1] then { path, name: .name[0], type: "object" }, . + { path: .name[0], name: .name[1] }
			  else .name |= .[0] end],
		of_actions: [.[] | select(.header == ["member", "type", "actions"])
			| { name: (.cells[0] | quoted[]), type: .cells[1], actions: (.cells[2] | quoted) }],
		words: [.[] | select(.header == ["status", "words"])
			| .cells[0] as $status | .cells[1] | quoted[] | { (.): $status }] | add
	};

# --- a document against it -------------------------------------------------------------------------

# as "string or null: `a`, `b`" (a parameter called $type would hide the function type)
def fits($kind; $words):
	. as $value
	| ($kind | if contains(": ") then quoted else null end) as $values
	| any($kind | split(": ")[0] | split(" or ")[];
		if . == "word" then $value | type == "string" and in($words)
		elif . == "string" then ($value | type) == "string" and ($values == null or any($values[]; . == $value))
		elif startswith("array of ") then
			(ltrimstr("array of ") | rtrimstr("s")) as $of
			| ($value | type) == "array" and all($value[]; type == $of)
		else . == ($value | type) end);

def check($schema; $path; $at):
	. as $object
	| [$schema.members[] | select(.path == $path)] as $members
	| ($members[] | select(.optional or (.name | in($object)) | not) | "\($at).\(.name) is missing"),
	  ($object | keys[] | select(. as $name | all($members[]; .name != $name)) | "\($at).\(.) is not in docs/json.md"),
	  ($members[] | select(.name | in($object)) | .name as $name | .type as $type | $object[$name]
		| if fits($type; $schema.words) | not then "\($at).\($name) should be \($type), but is \(tojson)"
		  else ([$path, $name] | map(select(. != "")) | join(".")) as $below
			| if type == "object" then check($schema; $below; "\($at).\($name)")
			  elif $type == "array of objects" then
				range(length) as $i | .[$i] | check($schema; $below; "\($at).\($name)[\($i)]")
			  else empty end
		  end);

# those that this action has; where it did not end well it may have ended before them
def with_members_of($document):
	.of_actions as $all | .members += [$all[]
		| select(any(.actions[]; . == $document.action))
		| { path: "", name, type, optional: ($document.outcome != "done" or (.name == "initramfs" and $document.dry_run)) }];

# what the page says beside its tables
def judge_status($words; $at):
	($words[.outcome // "done"] // "") as $status
	| select($status != (.exit_status | tostring) and $status != "n" and .exit_status < 128)
	| "\($at).exit_status is \(.exit_status), with the outcome \(.outcome)";

def check_steps($words):
	.steps // [] | to_entries[] | .key as $i | .value
	| (select(.id != $i + 1) | ".steps[\($i)].id is \(.id)"),
	  (select(any(.after[]; . >= $i + 1 or . < 1)) | ".steps[\($i)] waits for \(.after)"),
	  judge_status($words; ".steps[\($i)]");

def check_others:
	(.modules // [] | .[] | select((.kernel == null) != (.state == "added" or .state == "broken"))
		| ".modules: the kernel of \(.module)/\(.version) is \(.kernel), the state \(.state)"),
	(.include // [] | [.[].id] as $ids
		| (select(($ids | unique | length) != length) | ".include: ids are there twice"),
		  (.[] | select(.needs - $ids != []) | ".include: \(.id) needs what is not there: \(.needs)"));

def complaints($page):
	[inputs] as $events
	| [fromstream($events[])] as $documents
	| if ($documents | length) != 1 then "there should be one document, and there are \($documents | length)"
	  else ($documents[0]
			# --settings is for our own scripts, and no promise
			| if .action == null then del(.settings) else . end) as $document
		| [$events[] | select(length == 2) | .[0]] as $paths
		| ($page | schema | with_members_of($document)) as $schema
		| (select(($paths | unique | length) != ($paths | length)) | "a member is there twice"),
		  ($document
			| check($schema; ""; ""), judge_status($schema.words; ""), check_steps($schema.words), check_others)
	  end;

complaints($page)
