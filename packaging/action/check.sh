#!/usr/bin/env bash
# Checks IMAGE for action.yml: the report goes into the log and the summary of the job, the verdict and dive's numbers become
# outputs, and with a token the report becomes a comment on the pull request.
set -euo pipefail

# A value in a workflow command: percent signs and line ends are escaped.
escaped() {
    local value=${1//%/%25}
    value=${value//$'\r'/%0D}
    printf '%s' "${value//$'\n'/%0A}"
}
notice() { printf '::%s title=dive::%s\n' "$1" "$(escaped "$2")"; }

[ -n "$IMAGE" ] || { notice error 'the input image is empty'; exit 2; }
[ -z "${IMAGE_OF_DIVE:-}" ] || notice notice 'dive-image-registry and dive-image-version have no effect: this action uses no image of dive'

arguments=(--ci)
if [ -n "${RULES_FILE:-}" ]; then
    arguments+=(--ci-config "$RULES_FILE")
elif [ ! -e .dive-ci ] && grep -qs '^rules:' .dive.yaml; then
    # Where other actions look by default.
    arguments+=(--ci-config .dive.yaml)
fi
[ -z "${LOWEST_EFFICIENCY:-}" ] || arguments+=("--lowestEfficiency=$LOWEST_EFFICIENCY")
[ -z "${HIGHEST_WASTED_BYTES:-}" ] || arguments+=("--highestWastedBytes=$HIGHEST_WASTED_BYTES")
[ -z "${HIGHEST_USER_WASTED_PERCENT:-}" ] || arguments+=("--highestUserWastedPercent=$HIGHEST_USER_WASTED_PERCENT")

report=$(mktemp "$RUNNER_TEMP/dive-report.XXXXXX")
# File names of the image are printed here. Until the token, which they cannot know, the runner obeys no command in them.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
set +e
"$DIVE" "${arguments[@]}" -- "$IMAGE" | tee "$report"
code=${PIPESTATUS[0]}
set -e
echo "::$token::"

case $code in
    0) verdict=pass ;;
    1) verdict=fail ;;
    *) verdict=error ;;
esac
# The last one: dive's own part ends the report.
number() { sed -n "s/^  $1: \([0-9.]*\).*/\1/p" "$report" | tail -n 1; }
{
    echo "verdict=$verdict"
    echo "efficiency=$(number efficiency)"
    echo "wasted-bytes=$(number wastedBytes)"
    echo "user-wasted-percent=$(number userWastedPercent)"
    echo "report=$report"
} >>"$GITHUB_OUTPUT"

# `page LENGTH`: the report as Markdown. No line of it consists of tildes, so nothing in it ends the block.
page() {
    printf '### dive: %s\n\n' "$verdict"
    [ "${FOLD_COMMENT:-}" != true ] || printf '<details><summary>Report</summary>\n\n'
    printf '~~~~text\n%s\n~~~~\n' "$(head -c "$1" "$report")"
    [ "${FOLD_COMMENT:-}" != true ] || printf '\n</details>\n'
}
# GitHub takes a summary of 1 MiB and a comment of 65,536 characters.
page 1000000 >>"$GITHUB_STEP_SUMMARY"

comment() {
    local number
    number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
    [ -n "$number" ] || return 0
    page 60000 | gh pr comment "$number" --repo "$GITHUB_REPOSITORY" --body-file - ||
        notice warning 'the report could not be written to the pull request: does the job have the permission pull-requests: write?'
}
if [ -n "${GH_TOKEN:-}" ] && { [ "$verdict" = fail ] || [ "${ALWAYS_COMMENT:-}" = true ]; }; then comment; fi

if [ "$verdict" = fail ]; then
    level=error
    if [ "${EXIT_ZERO:-}" = true ]; then level=warning code=0; fi
    notice "$level" "$IMAGE: $(grep '^Result:' "$report" | tail -n 1)"
elif [ "$verdict" = error ]; then
    notice error "$IMAGE could not be checked: the log says why"
fi
exit "$code"
