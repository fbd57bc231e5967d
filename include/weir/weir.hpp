// Everything that libweir offers. Begin with project.hpp.
#pragma once

#include <weir/error.hpp>
#include <weir/migrate.hpp>
#include <weir/observer.hpp>
#include <weir/project.hpp>
#include <weir/row_program.hpp>
#include <weir/run.hpp>
#include <weir/session.hpp>
#include <weir/status.hpp>
#include <weir/value.hpp>
#include <weir/version.hpp>
