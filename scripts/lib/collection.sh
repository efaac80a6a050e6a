# shellcheck shell=bash
# The collection as other programs want to find it. To be sourced after setup.sh, whose `say`, `die` and PROJECT_ROOT it uses.

COLLECTION_PATH=ansible_collections/kernel_bypass/sriov
# What the artifact must not carry, as a pattern on the paths in it.
NOT_IN_ARTIFACT='^(tests|molecule|scripts|changelogs/fragments|\.[^/]+|pyproject\.toml)(/|$)|\.py[co]$|\.tar\.gz$'

# collection_link DIR: the checkout itself at the path that Python and mypy import it by.
collection_link() {
    mkdir -p "$1/$(dirname "$COLLECTION_PATH")"
    ln -sfn "$PROJECT_ROOT" "$1/$COLLECTION_PATH"
}

# collection_copy DIR: a copy of the files that belong to the checkout, committed or not.
# For ansible-test: it wants this path, resolves symbolic links, and reads everything that is not hidden.
collection_copy() {
    local target="$1/$COLLECTION_PATH" path
    rm -rf "$target"
    mkdir -p "$target"
    git -C "$PROJECT_ROOT" ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' path; do
            # A file deleted in the work tree is still in git's index.
            if [[ -e $PROJECT_ROOT/$path || -L $PROJECT_ROOT/$path ]]; then printf '%s\0' "$path"; fi
        done |
        tar --create --directory="$PROJECT_ROOT" --no-recursion --null --verbatim-files-from --files-from=- |
        tar --extract --directory="$target"
    # Lest ansible-test finds the checkout's repository above it, in which a copy under .build is ignored.
    git init --quiet "$target"
}

# collection_install DIR: builds the artifact and installs it from there, as a user would, without network. Leaves it in
# DIR, for collection_import. Runs in a subshell, for the scratch directory's sake.
collection_install() (
    scratch="$(mktemp -d)"
    trap 'rm -rf "$scratch"' EXIT
    collection_copy "$scratch/source"
    ansible-galaxy collection build --output-path "$scratch" "$scratch/source/$COLLECTION_PATH"
    artifact="$(find "$scratch" -maxdepth 1 -name 'kernel_bypass-sriov-*.tar.gz')"
    listing="$(tar --list --file="$artifact" | sed 's#/$##' | sort)"
    check_artifact_listing "$listing"
    rm -rf "${1:?}/$COLLECTION_PATH"
    ansible-galaxy collection install --offline --force --collections-path "$1" "$artifact"
    rm -f "$1"/*.tar.gz
    mv "$artifact" "$1"
)

# collection_import DIR: what Galaxy would say to the artifact that collection_install left in DIR, without network.
# A warning fails as well: an upload that has only warnings is accepted, and nobody reads them.
collection_import() (
    scratch="$(mktemp -d)"
    trap 'rm -rf "$scratch"' EXIT
    export GALAXY_IMPORTER_CONFIG="$PROJECT_ROOT/.config/galaxy-importer.cfg" GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP="$scratch"
    # It leaves its result in the working directory.
    cd "$scratch" || exit 1
    python -m galaxy_importer.main "$1"/kernel_bypass-sriov-*.tar.gz >importer.log 2>&1 && ! grep -qE '^(WARNING|ERROR):' importer.log && return
    cat importer.log
    return 1
)

check_artifact_listing() {
    local stray wanted
    stray="$(grep -E "$NOT_IN_ARTIFACT" <<<"$1" | paste -sd ' ' || true)"
    [[ -z $stray ]] || die "the artifact carries what it must not (see build_ignore in galaxy.yml): $stray"
    for wanted in MANIFEST.json FILES.json README.md LICENSE meta/runtime.yml; do
        grep -qxF "$wanted" <<<"$1" || die "the artifact lacks $wanted"
    done
}
